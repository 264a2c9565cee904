// The same requests to the newest stock MLflow server and to a Runnel host, side by side. See bench/README.md.
//   npm run bench -- mlflow [WORKLOAD]
import { sideBySide } from './support/side-by-side.ts'

const [only] = process.argv.slice(2)
await sideBySide('mlflow', only === undefined ? [] : ['--only', only])
