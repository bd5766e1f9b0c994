"""Resident memory of a serving process: 10,000 applications over HTTP, flat over the last 5,000.

The process is the real one (``gateway serve``), with worker, collector and sequencer; the simulated authority runs
here, so that every application is also delivered and answered. The worker process' own memory is read (VmRSS).
"""

from __future__ import annotations

import concurrent.futures
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import psutil

from bench.setup import APPLICATION, prepare
from gateway.client import PortalClient

TOTAL = 10_000
SAMPLE_EVERY = 1_000
