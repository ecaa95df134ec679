"""What a department gets back: a receipt, and its own file with the wrong cells marked."""
