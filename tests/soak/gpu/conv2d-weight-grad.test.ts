import { testEveryWay } from '../../support/every-way.ts';

testEveryWay('conv2dWeightGrad');
