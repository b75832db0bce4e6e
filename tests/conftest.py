"""What every test finds as a person at a terminal would."""

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job: its children would not hear Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)
