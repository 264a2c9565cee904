// A history of 1,000,000 points over REST, from the newest stock MLflow server and from a Runnel host, side by side. See bench/README.md.
import { sideBySide } from './support/side-by-side.ts'

await sideBySide('mlflow-history', ['--million'])
