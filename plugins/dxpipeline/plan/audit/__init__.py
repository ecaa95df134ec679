"""The plan audited like code: small rules over one set of facts, each finding with its evidence."""
