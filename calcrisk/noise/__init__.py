"""What measurement alone explains: intervals, probabilities and changes under one stated model.

The model: a reading is the set point times two errors, one within the person and one of the measurement; both are
log-normal, and all are independent of each other (between readings, and between calcium and phosphate). It speaks of
the measurement and never of calcification.
"""
