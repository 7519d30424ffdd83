/* Fills in the browser's time zone where the page asks for a guess and the reader has not chosen yet. */
const guess = Intl.DateTimeFormat().resolvedOptions().timeZone;

for (const field of document.querySelectorAll('[name="time_zone"][data-guess]')) {
  const isOffered = field.tagName !== "SELECT" || [...field.options].some((option) => option.value === guess);
  if (guess && isOffered) field.value = guess;
}
