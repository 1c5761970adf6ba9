"""Services together, as a department uses them."""
