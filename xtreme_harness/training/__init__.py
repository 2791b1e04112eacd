"""Fine-tuning: updates and micro-batches, the loop, selection, methods. Needs torch; loaded by heavy commands only."""
