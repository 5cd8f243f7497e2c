// What a person can set about the figures: axes, smoothing, scales.

export const options = {
  x: "epochs",
  smoothing: 0.9,
  log: false,
  mean: true,
  across: "trained_parameters",
  up: "accuracy",
  is_log: true,
  margin: 2,
  sure: 90,
};

// Takes the value of a control; answers whether it was one of an option.
export function take({ dataset: { option }, type, checked, value }) {
  if (!option) return false;
  options[option] = { checkbox: checked, range: Number(value) }[type] ?? value;
  return true;
}

// The controls as they were set: those of a page that was just built know nothing.
export function show(controls) {
  for (const control of controls) {
    const value = options[control.dataset.option];
    if (control.type === "checkbox") control.checked = value;
    else if (value !== undefined) control.value = value;
  }
}
