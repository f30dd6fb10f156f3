"""Rules of notification, words and layouts: nothing runs."""
