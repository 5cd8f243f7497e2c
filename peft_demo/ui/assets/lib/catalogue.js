// English, as the texts stand in the code; of a page in another language the server brings its own.

export const texts = {};
export const plural = count => count !== 1;
export const locale = "en-GB";
