"""Words of reports and of the command line that are neither settings nor names of Keras."""

from __future__ import annotations

VERBS = {
    "train": "Trains a file, evaluates the model, and writes a run directory with its report.",
    "finetune": "Fits a trained model to other data, without YAML.",
    "evaluate": "Measures a run's model again, on the rows it held out or on labelled rows.",
    "predict": "Predicts new rows; `-` reads a CSV from standard input.",
    "export": "Writes a run's model, preprocessing included, as .keras, SavedModel, LiteRT or ONNX, and checks that "
    "its predictions agree with those of the run.",
    "lr-find": "Suggests a learning rate from a few hundred steps at a rising rate.",
    "diagnose": "Examines signal and gradients layer by layer and suggests YAML that fixes what is wrong.",
    "compare": "Trains every variant of a file over several seeds and compares them, or compares finished runs.",
    "sweep": "Searches the settings under a file's `sweep`, and confirms the best on fresh seeds.",
    "plan": "Shows what training would do: layers, parameters, memory, steps, rates, and where each value comes from.",
    "validate": "Checks files without training.",
    "explain": "Explains a word of the language, of the command line or of reports.",
    "schema": "Writes the JSON Schema for editors.",
    "recipes": "Lists, shows and copies the shipped experiments.",
    "report": "Writes a run's report again.",
    "runs": "Lists runs.",
    "doctor": "Shows the machine as kerasdeep sees it.",
    "init": "Looks at data and writes a file that trains it.",
}
"""What each verb does; `kerasdeep VERB --help` has its options."""

REPORT_WORDS = {
    "baseline": "What a constant prediction achieves, fitted to the training rows: the most frequent class, or the "
    "mean. A network that is no better has learned nothing.",
    "interval": "The 95 % interval of a metric: of accuracy by Wilson, of other metrics by resampling the rows. It "
    "says how much other rows of the same kind could move the figure.",
    "accuracy": "The share of rows whose most probable class is the right one.",
    "precision": "Of the rows predicted to be a class, the share that is.",
    "recall": "Of the rows of a class, the share that is predicted to be it.",
    "f1": "The harmonic mean of precision and recall: 2 P R / (P + R).",
    "roc_auc": "The area under the ROC curve: how often a row of the class gets a higher probability than a row of "
    "another. 0.5 is chance, 1 is perfect; it depends on the order alone, not on how common the class is.",
    "pr_auc": "The area under the precision-recall curve (average precision). Chance is the share of the class, so "
    "that it says more than roc_auc where the class is rare.",
    "log_loss": "The mean of −log of the probability that was given to the right class; confident mistakes cost most.",
    "brier_score": "The mean squared difference between probabilities and what happened; 0 is perfect.",
    "expected_calibration_error": "How far confidence and accuracy are apart, over rows grouped by confidence.",
    "r2_score": "The share of the variation that is explained: 1 − squared errors / squared distances from the mean. "
    "0 is as good as the mean, below 0 worse.",
    "mean_absolute_error": "The mean distance between prediction and truth, in the target's own unit.",
    "root_mean_squared_error": "The root of the mean squared error, in the target's own unit; large errors count more.",
}
"""What reports and `result.json` call metrics and the like; `val_` and `test_` before a metric name its rows."""
