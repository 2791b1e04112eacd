"""Figures for print and screen, by matplotlib (extra [plots]), which is imported when one is drawn and not before."""
