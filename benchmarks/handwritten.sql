-- The conditions of the rulebook that these columns can meet, as an analyst writes them down once: one CASE a mechanism,
-- what is not known counts as not met. No ranges, no sources, no ties at nine digits, no list of what is missing.
WITH facts AS (
  SELECT *,
    calcium * phosphate AS product,
    calcium + 0.8 * (4 - albumin) AS corrected,
    CASE WHEN ckd_stage IS NULL AND dialysis = 1 AND coalesce(acute_kidney_injury, 0) = 0 THEN 5
      ELSE CASE CAST(ckd_stage AS VARCHAR) WHEN 'G1' THEN 0 WHEN 'G2' THEN 1 WHEN 'G3a' THEN 2 WHEN 'G3b' THEN 3
        WHEN 'G4' THEN 4 WHEN 'G5' THEN 5 END END AS stage,
    CASE WHEN age >= 18 THEN 10.4 WHEN age >= 12 THEN 10.2 WHEN age >= 2 THEN 10.8 WHEN age > 0.0274 THEN 11.0 ELSE 10.4 END AS ca_upper,
    CASE WHEN age >= 18 THEN 1.3 WHEN age >= 3 THEN 1.3773 WHEN age >= 2 THEN 1.4147 WHEN age >= 1 THEN 1.4572 WHEN age >= 0.0384 THEN 1.4946 ELSE 1.35 END AS ion_upper,
    CASE WHEN age >= 19 THEN 4.5 WHEN age >= 16 THEN 4.9 WHEN age >= 13 THEN 5.1 WHEN age >= 10 THEN 5.7 WHEN age >= 7 THEN 5.4
         WHEN age >= 4 THEN 5.6 WHEN age >= 1 THEN 6.0 WHEN age >= 0.0834 THEN 6.6 ELSE 7.7 END AS p_upper,
    CASE WHEN age <= 12 THEN 65 ELSE 55 END AS cap_limit
  FROM labs
), derived AS (
  SELECT *,
    stage >= 5 OR (dialysis = 1 AND coalesce(acute_kidney_injury, 0) = 0) AS ckd_5,
    stage >= 2 OR (dialysis = 1 AND coalesce(acute_kidney_injury, 0) = 0) AS ckd,
    stage < 2 AND (coalesce(dialysis, 0) = 0 OR acute_kidney_injury = 1) AS no_ckd,
    corrected * phosphate AS corrected_product,
    calcium > ca_upper AS ca_high,
    ionised_calcium > ion_upper AS ion_high,
    calcium <= ca_upper AND (albumin IS NULL OR corrected <= ca_upper) AND (ionised_calcium IS NULL OR ionised_calcium <= ion_upper)
      AND phosphate <= p_upper AS chemistry_normal,
    primary_hyperparathyroidism = 1 OR history_hypercalcaemia = 1 OR calcium > 14
      OR ((sarcoidosis = 1 OR malignancy = 1)
          AND (calcium >= 12 OR (stage < 2 AND (coalesce(dialysis, 0) = 0 OR acute_kidney_injury = 1) AND calcium + 0.8 * (4 - albumin) >= 12)))
      AS confirmed,
    deposit_in_lung = 1 OR deposit_in_kidney = 1 AS metastatic_site
  FROM facts
), levels AS (
  SELECT *,
    CASE
      WHEN calcium > 14 OR (no_ckd AND corrected > 14) OR (ckd AND product >= 70) THEN 3
      WHEN primary_hyperparathyroidism = 1
        OR (malignancy = 1 AND (ca_high OR (no_ckd AND corrected > ca_upper) OR ion_high OR history_hypercalcaemia = 1))
        OR (sarcoidosis = 1 AND (ca_high OR (no_ckd AND corrected > ca_upper) OR ion_high OR history_hypercalcaemia = 1))
        OR (malignancy = 1 AND phosphate > 4.5 AND (age >= 18 OR phosphate > 6.5) AND coalesce(corrected, calcium) < 7)
        OR (vitamin_d_25 > 150 AND (ca_high OR (no_ckd AND corrected > ca_upper) OR ion_high))
        OR calcium >= 12 OR (no_ckd AND corrected >= 12) OR (ion_high AND ionised_calcium >= 1.5)
        OR pth > 9 * 88.6 OR phosphate >= 2 * p_upper OR (ckd_5 AND age >= 18 AND phosphate > 7)
        OR (age >= 18 AND phosphate >= 7 AND coalesce(acute_kidney_injury, 0) = 0 AND coalesce(hypoparathyroidism, 0) = 0)
        OR (ckd AND product >= cap_limit) OR (age >= 18 AND product >= 70)
        OR history_hypercalcaemia = 1
        OR (mineral_history = 1 AND coalesce(primary_hyperparathyroidism, 0) = 0 AND coalesce(hypoparathyroidism, 0) = 0
            AND coalesce(history_hypercalcaemia, 0) = 0) THEN 2
      WHEN ckd_5 OR ca_high OR (no_ckd AND corrected > ca_upper) OR ion_high OR (ckd_5 AND calcium > 10.2)
        OR (ckd_5 AND age >= 18 AND pth > 300)
        OR ((ca_high OR (no_ckd AND corrected > ca_upper) OR ion_high OR (metastatic_site AND stage < 5
          AND (coalesce(dialysis, 0) = 0 OR acute_kidney_injury = 1))) AND pth > 88.6)
        OR (ckd_5 AND phosphate > 5.5 AND (age > 12 OR (age >= 1 AND phosphate > 6)))
        OR phosphate > p_upper OR (ckd AND corrected_product >= cap_limit) OR (age >= 18 AND product >= 55)
        OR calcium_based_binder = 1 OR organ_transplant = 1 THEN 1
      ELSE 0 END AS mineral_load,
    CASE
      WHEN deposit_in_skin = 1 AND chemistry_normal
        AND (connective_tissue_disease = 1 OR systemic_sclerosis = 1 OR dermatomyositis = 1) THEN 3
      WHEN dermatomyositis = 1 OR systemic_sclerosis = 1 OR (granuloma = 1 AND coalesce(sarcoidosis, 0) = 0) OR necrosis = 1
        OR (tissue_damage = 1 AND coalesce(necrosis, 0) = 0 AND coalesce(infarct, 0) = 0 AND coalesce(granuloma, 0) = 0
            AND coalesce(muscle_trauma, 0) = 0 AND coalesce(haematoma, 0) = 0 AND coalesce(scar, 0) = 0
            AND coalesce(connective_tissue_disease, 0) = 0) THEN 2
      WHEN connective_tissue_disease = 1 OR (granuloma = 1 AND sarcoidosis = 1) OR muscle_trauma = 1 OR infarct = 1 OR scar = 1
        OR haematoma = 1 OR atheroma = 1 OR diseased_valve = 1 THEN 1
      ELSE 0 END AS tissue_injury,
    CASE WHEN warfarin = 1 AND ckd_5 AND dialysis = 1 THEN 2
      WHEN warfarin = 1 OR (age >= 18 AND magnesium <= 1.9) THEN 1 ELSE 0 END AS inhibitor_failure,
    CASE
      WHEN ckd_5 AND diabetes = 1 AND phosphate > 5.5 THEN 3
      WHEN ckd_5 OR (ckd_5 AND dialysis_months >= 60) THEN 2
      WHEN (ckd_5 AND dialysis = 1 AND alp > 150) OR ckd OR diabetes = 1 OR hypertension = 1 OR age >= 65
        OR (age >= 18 AND phosphate > 4 AND coalesce(acute_kidney_injury, 0) = 0) THEN 1
      ELSE 0 END AS osteogenic_drive,
    CASE WHEN agatston >= 400 OR aac24 > 7.75 THEN 3 WHEN agatston >= 100 OR aac24 > 4.5 THEN 2
      WHEN agatston >= 1 OR aac24 > 0 OR deposit_in_coronary = 1 OR deposit_in_aorta = 1 OR deposit_in_valve = 1 THEN 1
      ELSE 0 END AS vascular_burden
  FROM derived
)
SELECT
  id,
  CASE
    WHEN pregnancy = 1 THEN 'indeterminate'
    WHEN mineral_load >= 2 AND tissue_injury >= 2 THEN 'mixed'
    WHEN mineral_load >= 2 THEN 'metastatic'
    WHEN tissue_injury >= 2 THEN 'dystrophic'
    WHEN mineral_load >= 1 AND metastatic_site THEN 'metastatic'
    WHEN tissue_injury >= 1 AND deposit_in_skin = 1 THEN 'dystrophic'
    WHEN hypoparathyroidism = 1 THEN 'other'
    WHEN vascular_burden >= 1 OR osteogenic_drive >= 2 THEN 'vascular'
    WHEN calcium IS NULL OR phosphate IS NULL OR tissue_damage IS NULL OR mineral_history IS NULL THEN 'indeterminate'
    WHEN deposit_in_skin = 1 AND chemistry_normal THEN 'idiopathic'
    WHEN coalesce(deposit_seen, 0) = 0 THEN 'none_identified'
    ELSE 'indeterminate' END AS classification,
  CASE WHEN pregnancy = 1 THEN NULL
    WHEN (mineral_load >= 3 AND confirmed) OR (mineral_load >= 2 AND metastatic_site) THEN 'very_high'
    WHEN mineral_load >= 3 OR (mineral_load >= 2 AND confirmed) OR (mineral_load >= 1 AND metastatic_site AND (ckd_5 OR confirmed)) THEN 'high'
    WHEN mineral_load >= 1 THEN 'moderate' ELSE 'low' END AS metastatic_tier,
  CASE WHEN pregnancy = 1 OR (tissue_damage IS NULL AND atheroma IS NULL AND diseased_valve IS NULL) THEN NULL
    WHEN tissue_injury >= 3 THEN 'very_high' WHEN tissue_injury >= 2 THEN 'high'
    WHEN tissue_injury >= 1 THEN 'moderate' ELSE 'low' END AS dystrophic_tier,
  CASE WHEN pregnancy = 1 THEN NULL
    WHEN vascular_burden >= 3 OR inhibitor_failure >= 3 OR osteogenic_drive >= 3 THEN 'very_high'
    WHEN vascular_burden >= 2 OR inhibitor_failure >= 2 OR osteogenic_drive >= 2 THEN 'high'
    WHEN vascular_burden >= 1 OR inhibitor_failure >= 1 OR osteogenic_drive >= 1 THEN 'moderate' ELSE 'low' END AS vascular_tier,
  product AS ca_p_product,
  corrected_product AS corrected_ca_p_product,
  product >= cap_limit AS at_or_above,
  CASE mineral_load WHEN 0 THEN 'none' WHEN 1 THEN 'mild' WHEN 2 THEN 'marked' ELSE 'severe' END AS mineral_load,
  CASE tissue_injury WHEN 0 THEN 'none' WHEN 1 THEN 'mild' WHEN 2 THEN 'marked' ELSE 'severe' END AS tissue_injury,
  CASE inhibitor_failure WHEN 0 THEN 'none' WHEN 1 THEN 'mild' WHEN 2 THEN 'marked' ELSE 'severe' END AS inhibitor_failure,
  CASE osteogenic_drive WHEN 0 THEN 'none' WHEN 1 THEN 'mild' WHEN 2 THEN 'marked' ELSE 'severe' END AS osteogenic_drive,
  CASE vascular_burden WHEN 0 THEN 'none' WHEN 1 THEN 'mild' WHEN 2 THEN 'marked' ELSE 'severe' END AS vascular_burden
FROM levels
