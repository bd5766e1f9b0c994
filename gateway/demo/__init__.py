"""The demonstration: the main job from the portal's JSON to the answer and the verified log, on one machine."""
