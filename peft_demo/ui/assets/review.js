// The typed review: kept in this window, and nowhere else, so that a reload leaves it there.

const KEPT = "peft-demo-review";

let isRecalled = false;

// Called when the page is there; answers what was typed before it was loaded again.
export function recallReview(text) {
  isRecalled = true;
  return sessionStorage.getItem(KEPT) || text;
}

// Called whenever the review has changed.
export function keepReview(text) {
  // The box is empty at first, before what was kept is back.
  if (!isRecalled) return;
  try {
    sessionStorage.setItem(KEPT, text ?? "");
  } catch {
    // A text too long to be kept: rather none than an old one.
    sessionStorage.removeItem(KEPT);
  }
}
