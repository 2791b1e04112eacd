"""`python -m xtreme_harness` works like the console script."""

from xtreme_harness.cli.main import main

if __name__ == "__main__":
    main()
