"""Ion speciation of serum and its saturation with calcium phosphates at 37 °C (extra ``calcrisk[chemistry]``).

The thermodynamic driving force in serum; not a diagnosis, not a prediction of calcification. No rule and no tier reads
it. One vectorised solver serves one patient and millions: see ``calcrisk.chemistry.blocks.solve``. Every number stands
in ``constants.json`` beside its source. The code follows docs/chemistry-model.md, which is called MODEL here, and names
its sections; docs/chemistry.md tells which name there is which in the code.
"""
