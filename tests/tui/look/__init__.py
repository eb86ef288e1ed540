"""The look: kinds and their signs, tints, themes and their contrasts, gauges, folds."""
