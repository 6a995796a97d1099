// What every page does: the reader's clock, and news without reload.

import { startLive } from "./live.js";
import { startZones } from "./zone.js";

startZones();
startLive();
