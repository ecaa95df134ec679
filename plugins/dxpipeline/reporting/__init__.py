"""The reporting calendar: which reports are owed, what arrived of them, and which periods are closed."""
