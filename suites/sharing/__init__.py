"""A study is shared with a physician at another hospital."""
