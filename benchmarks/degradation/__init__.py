"""How well degradations are foretold on projects that no predictor has seen."""
