"""`python -m kerasdeep` is `kerasdeep`."""

from kerasdeep.cli import main

if __name__ == "__main__":
    main()
