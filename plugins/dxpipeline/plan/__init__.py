"""The plan: documents, targets, solutions and money, how far it has come, and what is wrong with it."""
