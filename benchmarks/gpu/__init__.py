"""Ten minutes on a machine with a GPU: does everything work there, and how fast is it? ``make gpu``.

``__main__`` says at once what is missing and gives each stage a process and a time; ``stages`` names them;
``correctness``, ``speed`` and ``cells`` measure, through the program's own door; ``page`` writes what has come so far.
"""
