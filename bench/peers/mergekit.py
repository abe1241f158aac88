"""One mixing by mergekit 0.1.5, as its command `mergekit-yaml` does it. Prints how long it took after the imports.

    mergekit.py JSON      { "models": [folder], "weights": [number], "dtype": "float32" | "bfloat16", "output": folder }
"""
import sys

# this file has the package's name: its own folder must not come first
sys.path.pop(0)

import json
import tempfile
import time

from mergekit.scripts.run_yaml import main

if sys.argv[1] != "--warm":
    job = json.loads(sys.argv[1])
    models = [
        {"model": model, "parameters": {"weight": weight}} for model, weight in zip(job["models"], job["weights"])
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as config:
        # YAML reads JSON
        json.dump({"merge_method": "linear", "dtype": job["dtype"], "models": models}, config)
        config.flush()
        started = time.perf_counter()
        main([config.name, job["output"], "--lazy-unpickle"], standalone_mode=False)
        print(f"\nafter imports: {time.perf_counter() - started:.3f}")
