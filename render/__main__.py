"""``python -m render``: the same front door as the ``render`` command."""

from render.cli import main

if __name__ == "__main__":
    main()
