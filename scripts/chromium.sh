#!/usr/bin/env bash
# Chromium for the tests that look at a report as a reader does: from Debian's packages, where this may install them.
set -euo pipefail
command -v chromium >/dev/null && command -v chromedriver >/dev/null && exit 0
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "Installing Debian's chromium, once, for the tests that look at a report's page."
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium chromium-driver >/dev/null
else
    echo "chromium and chromedriver are missing: the tests that look at a report's page are skipped."
    echo "On Debian: sudo apt-get install chromium chromium-driver"
fi
