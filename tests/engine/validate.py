"""Validates files of jobs, without a cluster and a network: Kubernetes' by the schemas of kubernetes-validate, SkyPilot's
as SkyPilot reads a task. Arguments: kubernetes or skypilot, and files; of those that begin with `wrong`, an error is
expected."""

import os
import sys
import tempfile
from pathlib import Path

home = tempfile.TemporaryDirectory()
os.environ["HOME"] = home.name
os.environ["SKYPILOT_DISABLE_USAGE_COLLECTION"] = "1"


def kubernetes(path):
    import kubernetes_validate
    import yaml

    document = yaml.safe_load(path.read_text())
    # The first version in which a limit per index is stable, and a recent one.
    for version in "1.33", "1.37":
        kubernetes_validate.validate(document, version, strict=True)


def skypilot(path):
    import sky

    sky.Task.from_yaml(str(path))


check = {"kubernetes": kubernetes, "skypilot": skypilot}[sys.argv[1]]
for path in map(Path, sys.argv[2:]):
    try:
        check(path)
        wrong = None
    except Exception as error:
        wrong = error
    if (wrong is not None) != path.name.startswith("wrong"):
        sys.exit(f"{path.name}: {wrong}")
