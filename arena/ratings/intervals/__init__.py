"""How sure an estimate is: covariances clustered by question, quantiles, resampling, means and shares."""
