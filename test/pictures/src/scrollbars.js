// The package exports its component in a way that bundlers take for something else.
import * as module from "react-custom-scrollbars-2/lib/index.js";

export const Scrollbars = module.Scrollbars ?? module.default?.Scrollbars ?? module.default?.default ?? module.default;
export default Scrollbars;
