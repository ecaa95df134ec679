"""Quality: the contract and the feed's suite decide which rows are accepted, and why others are not.

`suite` reads the rules, `checker` checks the blocks of a file, `cross_check` lets Great Expectations check
the checker.
"""
