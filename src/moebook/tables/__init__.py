"""Tables of the pages: a module for each page, named after it, with underscores for hyphens.

A function takes what a page has computed and returns its table: columns, headings, units.
"""
