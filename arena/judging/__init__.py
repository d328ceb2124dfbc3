"""From answers to battles: who meets whom, what a judge is asked, what its replies mean. Pure functions."""
