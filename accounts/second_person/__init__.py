"""Four eyes: of the acts that FOUR_EYES names, one person asks and another one carries out what was asked.

The services of the acts call `ask` in place of acting, so that no door does alone what two people decide. The page on
which the second person decides is in `staff`, since it stands above the rooms whose acts it carries out.
"""
