"""Real faces: cut out of videos and photos, measured, and judged in swaps. Nothing of torch.

The models are found in installed packages (the extra ``faces``) and in ``data``; none is ever fetched.
"""
