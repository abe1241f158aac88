"""One mixing by LM_Cocktail 0.0.4, as its README shows it. Prints how long it took after the imports.

    lm-cocktail.py JSON      { "models": [folder], "weights": [number], "type": "encoder" | "decoder", "output": folder }
"""
import json
import sys
import time

from LM_Cocktail import mix_models

if sys.argv[1] != "--warm":
    job = json.loads(sys.argv[1])
    started = time.perf_counter()
    mix_models(job["models"], job["type"], job["weights"], output_path=job["output"])
    print(f"\nafter imports: {time.perf_counter() - started:.3f}")
