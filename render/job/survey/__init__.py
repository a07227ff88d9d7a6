"""A survey of universes: many seeds of one preset are played without pictures, watched, judged and kept in a database.

``measures.py`` is what is measured when a universe is looked at, ``watch.py`` one universe under observation, ``score.py``
what makes it worth hours of film, ``store.py`` the SQLite file, ``search.py`` the work on many seeds, and ``sheet.py`` the
picture of the best.
"""
