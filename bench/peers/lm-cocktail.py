"""Mixing by LM_Cocktail 0.0.4, as its README shows it. Prints how long each call took, after the imports.

    lm-cocktail.py JSON      { "models": [folder], "type": "encoder" | "decoder", "output": folder, "calls"?: number,
                               "weights": [number]
                               or "examples": [{ query, pos, neg }], "settings": { batch_size, … } of mix_models_with_data }
"""
import json
import sys
import time

from LM_Cocktail import mix_models, mix_models_with_data

if sys.argv[1] != "--warm":
    job = json.loads(sys.argv[1])
    for _ in range(job.get("calls", 1)):
        started = time.perf_counter()
        if "examples" in job:
            # the package's own spelling
            examples = {"example_ata": job["examples"], **job["settings"]}
            mix_models_with_data(job["models"], job["type"], output_path=job["output"], **examples)
        else:
            mix_models(job["models"], job["type"], job["weights"], output_path=job["output"])
        print(f"\nafter imports: {time.perf_counter() - started:.3f}")
