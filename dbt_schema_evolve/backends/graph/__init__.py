"""Graph databases, each a module that imports its library; the embedded one needs none."""
