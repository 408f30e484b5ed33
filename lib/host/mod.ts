// Programs of this machine that Stitchbook can use: Chromium, Python, pip, Jupyter.
export { chromiumPath } from "./chromium.ts";
export { findJupyter, findKernel, installKernel } from "./jupyter.ts";
export { kernelFault } from "./jupyter-kernel.ts";
export { pythonCommand } from "./python.ts";
export { type PackageFile, packageFile } from "./pip.ts";
export { type RunCommand, runCommand } from "./run-command.ts";
