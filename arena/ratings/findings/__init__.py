"""What battles say beside ratings: about judges, voters, agreement and the fit itself."""
