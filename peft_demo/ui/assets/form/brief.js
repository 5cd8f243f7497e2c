// What the server says of the form as it stands: its link, the run's name, its scale and best rate.

export const brief = () => document.querySelector(".pd-brief[data-link]")?.dataset;
