"""The belief that ships with the package, and what this project has measured since."""
