"""The door: help, overrides judged before anything heavy is loaded, and errors in one message."""
