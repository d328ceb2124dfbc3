"""Numbers of answers by rule, beside the judges: what each answer comes to, and what that says of a model. No call."""
