/** Origin of the Hub, fixed when the app is built (vite.config.ts). */
declare const __HUB__: string;
