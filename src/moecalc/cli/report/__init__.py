"""Everything known about one model on one machine room: gathered, put on a page, and shown as text or HTML.

``gather`` asks the calculators, ``page`` says it in sections, tables and pictures; ``text`` and ``html`` show a page.
"""
