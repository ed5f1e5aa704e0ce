"""Which changed plans were measured to be faster or slower, and what that says of a new one."""
