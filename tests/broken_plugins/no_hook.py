"""Has no hook at all."""

ANSWER = 42
